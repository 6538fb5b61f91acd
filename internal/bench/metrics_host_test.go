package bench

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"concierge/internal/testserver"
)

// newMeasuredHost adds a host with one of the templates that users import. Its
// items are made by discovery.
func newMeasuredHost(tb testing.TB, z *testserver.ZabbixServer, template string) string {
	tb.Helper()
	both := map[string]bool{"createMissing": true, "updateExisting": true}
	rules := map[string]any{
		"groups": map[string]bool{"createMissing": true}, "templates": both, "items": both, "discoveryRules": both, "triggers": both, "valueMaps": both,
	}
	text, err := os.ReadFile(filepath.Join("..", "..", "examples", "zabbix", template+"-6.0.yaml"))
	if err != nil {
		tb.Fatal(err)
	}
	z.Call("configuration.import", map[string]any{"format": "yaml", "source": string(text), "rules": rules}, nil)
	name := strings.ReplaceAll(template, "-", " ") // as it is called in the file
	rows := z.SQL("select hostid from hosts where status = 3 and host = '" + name + "'")
	if len(rows) != 1 {
		tb.Fatalf("there is no template %q", name)
	}
	host := z.UnusedName()
	z.Call("host.create", map[string]any{
		"host": host, "groups": []any{map[string]string{"groupid": "2"}},
		"templates": []any{map[string]string{"templateid": rows[0][0]}},
	}, nil)
	z.AwaitHost(host, "container.state")
	return host
}
