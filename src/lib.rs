//! Says why requests failed to authenticate.
