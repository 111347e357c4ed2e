//! What an expansion of macros for another ABI version would run into.

fn main() {
    rtlib::__private::v0::run_init(main);
}
