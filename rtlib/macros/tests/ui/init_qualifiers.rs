#[rtlib::init]
async fn asynchronous() {}

#[rtlib::init]
unsafe fn unsound() {}

#[rtlib::init]
const fn constant() {}

#[rtlib::init]
extern "C" fn foreign() {}

fn main() {}
