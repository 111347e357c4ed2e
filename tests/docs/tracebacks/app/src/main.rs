//! A panic, two functions deep.

fn inner() {
    panic!("deep");
}

fn outer() {
    inner();
}

fn main() {
    std::panic::set_hook(Box::new(|_| ()));
    rtlib::go(outer);
    rtlib::time::sleep(std::time::Duration::MAX);
}
