package agent_test

import (
	"log/slog"
	"math"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"concierge/internal/agent"
	"concierge/internal/testserver"
	"concierge/sources"
)

// TestRequestsToRealStoresAreMeasured has a key of each store changed once.
func TestRequestsToRealStoresAreMeasured(t *testing.T) {
	e, c := testserver.Etcd(t), testserver.Consul(t)
	key := strings.Trim(testserver.Prefix(t), "/") + "/key"
	s := steer(t, `
sources: {default: etcd, etcd: {endpoints: ["`+e.Addr+`"]}, consul: {address: "`+c.Addr+`", query_wait: 2s}}
admin: {listen: "unix:DIR/admin"}
templates: [{contents: '{{ key "etcd:`+key+`" }} {{ key "consul:`+key+`" }}', destination: DIR/web}]
`)
	stores := make(map[string]sources.Store)
	for _, name := range []string{"etcd", "consul"} {
		cfg, err := load(s.dir, true)()
		if err != nil {
			t.Fatal(err)
		}
		if stores[name], err = agent.OpenStore(cfg, name, slog.New(slog.DiscardHandler)); err != nil {
			t.Fatal(err)
		}
	}
	for name := range stores {
		s.is(`concierge_source_missing_keys{source="`+name+`"}`, 1)
	}
	for name, store := range stores {
		put(t, store, key, "one")
		s.is(`concierge_source_up{kind="`+name+`",source="`+name+`"}`, 1)
		s.is(`concierge_source_watched_keys{source="`+name+`"}`, 1)
		s.is(`concierge_source_missing_keys{source="`+name+`"}`, 0)
		s.metric(`concierge_source_request_duration_seconds_count{op="get",source="`+name+`"}`, positive)
	}
	s.metric(`concierge_source_requests_total{op="get",result="ok",source="etcd"}`, positive)
	s.metric(`concierge_source_requests_total{op="get",result="missing",source="consul"}`, positive)
	s.metric(`concierge_source_requests_total{op="watch",result="ok",source="consul"}`, positive)
	s.is(`concierge_templates{state="rendered"}`, 1)
	for name, store := range stores {
		before := s.metric(`concierge_source_changes_total{source="`+name+`"}`, positive)
		put(t, store, key, "two")
		s.is(`concierge_source_changes_total{source="`+name+`"}`, before+1)
	}
	s.metric(`concierge_change_applied_seconds_count{stage="write"}`, positive)
}

func TestSecretsAreMeasuredWithoutTheirPaths(t *testing.T) {
	server := testserver.Vault(t)
	until := time.Now().Add(time.Hour).Truncate(time.Second)
	certificate, key := issue(t, until)
	putSecret(t, server, "measured", "pem", certificate+key)
	s := steer(t, `
secrets: {vault: {address: '`+server.URL()+`', token: '`+server.Token+`'}}
admin: {listen: "unix:DIR/admin"}
templates:
  - {contents: '{{ with secret "secret/measured" }}{{ .Data.data.pem }}{{ end }}', destination: DIR/tls.pem, format: pem-pair}
  - {contents: '{{ with secret "secret/nobody-knows" }}{{ .Data.data.x }}{{ end }}', destination: DIR/waits}
`)
	s.is(`concierge_source_up{kind="vault",source="vault"}`, 1)
	s.metric(`concierge_source_requests_total{op="get",result="ok",source="vault"}`, positive)
	s.metric(`concierge_source_requests_total{op="get",result="missing",source="vault"}`, positive)
	s.is(`concierge_cert_not_after_timestamp_seconds{template="`+filepath.Join(s.dir, "tls.pem")+`"}`, float64(until.Unix()))
	s.is(`concierge_auth_expiry_timestamp_seconds{source="vault"}`, math.Inf(1))
	text, _ := s.page("/metrics")
	for _, part := range []string{"measured", "nobody-knows", server.Token, "BEGIN"} {
		if strings.Contains(strings.ReplaceAll(text, t.Name(), ""), part) && part != "" {
			t.Errorf("the metrics tell %q", part)
		}
	}
}
