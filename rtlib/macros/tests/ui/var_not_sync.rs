use std::cell::Cell;

#[rtlib::var]
static COUNT: Cell<u32> = Cell::new(1);

fn main() {}
