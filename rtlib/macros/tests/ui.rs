//! What the macros refuse, and in which words: each `ui/*.rs` must fail to compile with exactly the errors in its `.stderr` file. After a
//! deliberate change of a message, run this with `TRYBUILD=overwrite`.

#[test]
fn misuse_is_refused_where_it_is_written() {
    trybuild::TestCases::new().compile_fail("tests/ui/*.rs");
}
