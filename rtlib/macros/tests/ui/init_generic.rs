#[rtlib::init]
fn generic<T: Default>() {
    T::default();
}

#[rtlib::init]
fn with_where_clause()
where
    u8: Copy,
{
}

fn main() {}
