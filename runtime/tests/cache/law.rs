//! The law: no read returns a value older than the newest commit that was acknowledged to its writer before the read began; in one process
//! there is no exception. Random histories of readers and writers, some of whom are dropped, fail, or take their time.
