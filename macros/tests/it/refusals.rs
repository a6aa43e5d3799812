//! Types that cannot be stored, each with the error that its author sees.

#[test]
fn every_mistake_gets_its_own_error() {
    trybuild::TestCases::new().compile_fail("tests/ui/*.rs");
}
