//! Starts a throwaway cluster, says where it is, and waits: what a test kills to see that nothing of it remains.
#![expect(clippy::print_stdout, reason = "its test reads the address there")]

use std::io::Read;

use cell_migrate::throwaway::Cluster;

#[tokio::main]
async fn main() {
    let cluster = Cluster::start().await.unwrap();
    println!("{}", cluster.url().as_str());
    // Nobody ever writes: this ends with the process.
    std::io::stdin().read_to_end(&mut Vec::new()).unwrap();
}
