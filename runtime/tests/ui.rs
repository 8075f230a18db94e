//! What rustc says of each mistake, word for word. `TRYBUILD=overwrite` writes the words anew, for review.

#[test]
fn each_mistake_has_an_error_of_its_own() {
    let cases = trybuild::TestCases::new();
    cases.compile_fail("tests/ui/*.rs");
    // Without the feature rustc knows nothing of what can be searched.
    #[cfg(feature = "search")]
    cases.compile_fail("tests/ui/search/*.rs");
    #[cfg(feature = "cache")]
    cases.compile_fail("tests/ui/cache/*.rs");
}
