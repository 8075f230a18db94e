//! A program with a database that is searched, the one of the tests of search, which ask it about its indexes. It has no cells.
//! `CELL_SHOP_URL` says where the database is.

#[path = "../tests/search_index/shop.rs"]
#[expect(dead_code, unreachable_pub, reason = "most of it is for the tests")]
mod shop;

cell::main!();
