//! Cases that both engines share.
