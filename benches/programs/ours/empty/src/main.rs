//! Nothing: what is measured is the way to `main` and out again. An ordinary program, without `rtlib`, so that plain cargo can build it too.

fn main() {}
