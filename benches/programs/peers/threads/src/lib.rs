//! Programs that do the work with threads of the system and the channels of `crossbeam-channel`. There is none for work with more tasks than a
//! system has threads.
