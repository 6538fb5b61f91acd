vault {
  address         = "https://vault:8200"
  namespace       = "team"
  tls_skip_verify = true
  retry { num_retries = -1 }
}

auto_auth {
  method "kubernetes" {
    mount_path = "auth/k8s"
    config = {
      role       = "app"
      token_path = "/var/run/token"
    }
  }
  method "token_file" {
    config = { token_file_path = "/t" }
  }
}

template_config {
  exit_on_retry_failure         = true
  static_secret_render_interval = "1m"
  lease_renewal_threshold       = 0.8
}

log_level = "err"
log_format = "json"
exit_after_auth = true
telemetry { disable_hostname = true }

template {
  contents             = "{{ with secret \"kv/data/app\" }}{{ .Data.data.password }}{{ end }}"
  destination          = "/etc/app/password"
  perms                = "0400"
  error_on_missing_key = true
  left_delimiter       = "[["
  exec { command = ["systemctl", "restart", "app"] timeout = "1m" }
}

exec {
  command                   = ["app"]
  restart_on_secret_changes = "never"
}
