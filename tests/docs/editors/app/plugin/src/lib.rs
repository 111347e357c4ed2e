#[rtlib::init] fn register() {}
