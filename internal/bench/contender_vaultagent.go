package bench

import (
	"errors"
	"fmt"
	"os"
	"syscall"
)

// staticInterval is how often a daemon reads secrets without a lease again.
// All have it, since it decides what idling costs.
const staticInterval = "1s"

func vaultAgent(binary string) contender {
	args := func(file string) func(job) []string {
		return func(j job) []string { return []string{"agent", "-log-level=warn", "-config=" + j.config(file)} }
	}
	return contender{
		name: "Vault Agent", binary: binary, prepare: writeVaultAgent,
		takes: forms("Vault", secretCalls),
		once:  args("once.hcl"), follow: args("follow.hcl"),
		version: []string{"version"}, stop: syscall.SIGTERM,
	}
}

func writeVaultAgent(j job) error {
	config := func(once bool) []byte {
		return fmt.Appendf(nil, `
exit_after_auth = %t
vault { address = %q }
auto_auth {
  method "token_file" { config = { token_file_path = %q } }
}
template_config { static_secret_render_interval = %q }
template {
  source      = %q
  destination = %q
}
`, once, j.address, j.tokenFile(), staticInterval, j.input(0), j.output(0))
	}
	return errors.Join(
		writeTemplates(j),
		os.WriteFile(j.tokenFile(), []byte(j.token), 0o600),
		os.WriteFile(j.config("once.hcl"), config(true), 0o644),
		os.WriteFile(j.config("follow.hcl"), config(false), 0o644))
}
