consul {
  address = "consul.example:8501"
  token   = "s3cret-token"
  auth {
    username = "u"
    password = "s3cret-password"
  }
  ssl { verify = false }
  retry { attempts = 5 backoff = "1s" }
}

vault {
  address = "https://vault.example:8200"
  token = "s3cret-vault"
  renew_token = false
  unwrap_token = true
}

nomad { address = "http://nomad:4646" }
deduplicate { enabled = true }

log_level = "info"
pid_file = "/run/ct.pid"
reload_signal = ""
once = true

syslog { enabled = true }
log_file { path = "/var/log/ct/" }

wait { min = "5s" max = "20s" }
default_delimiters { left = "<<" right = ">>" }

exec {
  command = ["/bin/app", "-c", "app.conf"]
  reload_signal = "SIGHUP"
  splay = "5s"
  env {
    custom = ["MODE=production", "API_TOKEN=s3cret-custom"]
    denylist = ["AWS_*"]
  }
}

template {
  source = "app.ctmpl"
  destination = "app.conf"
  perms = 0640
  user = "app"
  command = "systemctl reload app"
  error_fatal = false
  function_denylist = ["plugin"]
}

template {
  contents = <<EOF
<< key "motd" >>
EOF
  destination = "/etc/motd"
  command = ["notify", "motd"]
  command_timeout = "5s"
  create_dest_dirs = false
  wait { enabled = false }
}

template { contents = "first" destination = "/tmp/same" }
template { contents = "second" destination = "/tmp/same" }
template { contents = "nowhere" }
