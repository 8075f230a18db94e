//! Placeholder while the tree is being laid out.
