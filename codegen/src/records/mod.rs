//! Compares a built binary with the scan.
