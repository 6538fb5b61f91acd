pid_file = "./pidfile"
vault {
  address = "https://vault-fqdn:8200"
  retry { num_retries = 5 }
}
auto_auth {
  method {
    type = "approle"
    config = { role_id_file_path = "roleid" secret_id_file_path="s" }
  }
  sink "file" { config = { path = "/tmp/file-foo" } }
}
cache {}
listener "tcp" { address = "127.0.0.1:8100" tls_disable = true }
template_config { static_secret_render_interval = "10m" exit_on_retry_failure = true max_connections_per_host = 20 }
template { source = "app.ctmpl" destination = "/tmp/out" command="reload it" }
env_template "FOO_PASSWORD" { contents = "{{ with secret \"secret/data/foo\" }}{{ .Data.data.password }}{{ end }}" error_on_missing_key = true }
env_template "FOO_USER" { contents = "x" }
exec { command = ["./my-app", "arg1"] restart_on_secret_changes = "always" restart_stop_signal = "SIGTERM" }
