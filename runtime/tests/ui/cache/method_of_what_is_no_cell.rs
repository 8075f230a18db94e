use cell::prelude::*;

struct Repository {
    tenant: u32,
}

impl Repository {
    #[Cache::memoize(ttl = "1m")]
    async fn name(&self) -> u32 {
        self.tenant
    }
}

fn main() {}
