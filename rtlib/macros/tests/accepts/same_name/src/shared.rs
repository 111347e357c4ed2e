#[rtlib::init]
fn shared() {} //@ init same_name::shared::shared
