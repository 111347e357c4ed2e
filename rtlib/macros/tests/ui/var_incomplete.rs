#[rtlib::var]
static LIMIT: u32;

#[rtlib::var]
static NAME = "name";

#[rtlib::var]
static LIST<T>: Vec<T> = Vec::new();

fn main() {}
