trait Service {
    #[rtlib::init]
    fn start() {}
}

fn main() {}
