//! Starts a throwaway cluster, says where it is, and waits: what a test kills to see that nothing of it remains.

use std::io::{Read, Write};

use cell_migrate::throwaway::Cluster;

#[tokio::main]
async fn main() {
    let cluster = Cluster::start().await.unwrap();
    writeln!(std::io::stdout(), "{}", cluster.url().as_str()).unwrap();
    // Nobody ever writes: this ends with the process.
    std::io::stdin().read_to_end(&mut Vec::new()).unwrap();
}
