//! Holds the table of the cases against the tests.
