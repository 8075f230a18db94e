//! The record that every declaration leaves in the binary: what `cargo cell build` compares with what it read in the sources.
//! Absent: reading them, which is the compiler's.

/// Leaves a record of a declaration in the binary, in a section of its own that no linker drops.
///
/// A line of `kind`, the module, the item's name and its fingerprint, separated by tabs: text, so that concatenated
/// sections need no framing, and no path of the machine, so that builds stay reproducible.
#[doc(hidden)]
#[macro_export]
macro_rules! __record {
    ($kind:literal, $name:literal, $fingerprint:literal) => {
        const _: () = {
            const TEXT: &str =
                ::core::concat!($kind, "\t", ::core::module_path!(), "\t", $name, "\t", $fingerprint, "\n");
            #[used]
            #[cfg_attr(not(target_vendor = "apple"), unsafe(link_section = "cell.records"))]
            #[cfg_attr(target_vendor = "apple", unsafe(link_section = "__DATA,__cellrec"))]
            static RECORD: [u8; TEXT.len()] = $crate::record::bytes(TEXT);
        };
    };
}

/// The bytes of a text whose length the caller knows at compile time.
#[doc(hidden)]
#[must_use]
pub const fn bytes<const N: usize>(text: &str) -> [u8; N] {
    let source = text.as_bytes();
    let mut bytes = [0; N];
    let mut at = 0;
    while at < N {
        bytes[at] = source[at];
        at += 1;
    }
    bytes
}
