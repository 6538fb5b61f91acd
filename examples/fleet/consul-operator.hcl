# For those who edit keys of staging and steer its rollouts.
key_prefix "concierge/staging/" { policy = "write" }
key_prefix "web/" { policy = "write" }
