struct Service;

impl Service {
    #[rtlib::init]
    fn start(&self) {}
}

fn main() {}
