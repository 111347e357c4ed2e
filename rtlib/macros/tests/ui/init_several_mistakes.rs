#[rtlib::init]
async fn everything(count: u32) -> u32 {
    count
}

fn main() {}
