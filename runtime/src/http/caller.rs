//! A request as a caller of databases: what its sender has written comes with it in a cookie, and goes back in one where the request
//! wrote more. So the sender reads its own writes from whatever process and replica answers. Without databases nothing is written.

use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::Response;

use crate::db::{Positions, as_sender};

/// The cookie's name.
const COOKIE: &str = "cell-wrote";

/// A browser forgets it after a day: no replica is asked that is so far behind.
const SECONDS: u32 = 86_400;

/// Answers a request as its sender, which has written `before`.
pub(super) async fn answer_as(before: Positions, answer: impl Future<Output = Response>) -> Response {
    let (mut response, written) = as_sender(before, answer).await;
    if let Some(written) = written {
        let cookie = format!("{COOKIE}={written}; Path=/; Max-Age={SECONDS}; HttpOnly; SameSite=Lax");
        // It is made of names of databases and of digits.
        if let Ok(cookie) = HeaderValue::from_str(&cookie) {
            response.headers_mut().append(header::SET_COOKIE, cookie);
        }
    }
    response
}

/// What a request says that its sender has written. What cannot be read is as if nothing was sent.
pub(super) fn written(headers: &HeaderMap) -> Positions {
    let cookies = headers.get_all(header::COOKIE).iter().filter_map(|cookies| cookies.to_str().ok());
    let ours = |cookie: &str| cookie.trim().strip_prefix(COOKIE)?.strip_prefix('=')?.parse().ok();
    cookies.flat_map(|cookies| cookies.split(';')).find_map(ours).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_written_is_found_among_cookies() {
        let said = |cookies: &[&'static str]| {
            let mut headers = HeaderMap::new();
            for cookie in cookies {
                headers.append(header::COOKIE, HeaderValue::from_static(cookie));
            }
            written(&headers).to_string()
        };
        assert_eq!(said(&["a=b; cell-wrote=shop.1f~till.2; c=d"]), "shop.1f~till.2");
        assert_eq!(said(&["cell-wrote=shop.1f.19a"]), "shop.1f.19a");
        assert_eq!(said(&["a=b", "cell-wrote=shop.1f"]), "shop.1f");
        for wrong in [
            "cell-wrote=",
            "cell-wrote=shop",
            "cell-wrote=shop.-1",
            "cell-wrote=shop.1.",
            "cell-wrote=shop.1.2.3",
            "cell-wrote=shop.1ffffffffffffffff",
            "x=1",
        ] {
            assert_eq!(said(&[wrong]), "", "{wrong}");
        }
    }
}
