struct Service;

impl Service {
    #[rtlib::init]
    fn start() {}
}

fn main() {}
