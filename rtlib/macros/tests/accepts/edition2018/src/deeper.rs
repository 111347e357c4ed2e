#[rtlib::init]
fn documented() {} //@ init edition2018::deeper::documented

pub mod inner {
    use rtlib::init;

    #[init]
    pub(in super::super) fn far_down() {} //@ init edition2018::deeper::inner::far_down
}
