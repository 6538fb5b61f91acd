package zabbix_test

import (
	"bytes"
	"errors"
	"log/slog"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"concierge/internal/testserver"
	"concierge/metrics"
	"concierge/metrics/push/zabbix"
)

func TestMetricsAreAnnouncedFirstOnChangeAndOnceInAWhile(t *testing.T) {
	f := newFake(t, takes)
	now := time.Now()
	target := newTarget(t, zabbix.Config{Nodes: []string{f.addr}, Host: "h", Now: func() time.Time { return now }})
	s := snapshot([]metrics.Sample{gauge("a", 1)})
	steps := []struct {
		after  time.Duration
		change func()
		want   bool
	}{
		{0, func() {}, true},
		{10 * time.Second, func() {}, false},
		{10 * time.Second, func() { s.Samples = append(s.Samples, gauge("b", 1)) }, true},
		{10 * time.Second, func() { s.Samples = s.Samples[:1] }, false}, // within the window
		{time.Hour, func() {}, true},
		{24 * time.Hour, func() {}, true}, // b is forgotten
	}
	for i, step := range steps {
		now = now.Add(step.after)
		step.change()
		before := len(f.heard())
		r := push(t, target, s)
		if r.Announced.Sent != step.want || r.Accepted != len(s.Samples) {
			t.Errorf("step %d: the receipt is %+v", i, r)
		}
		if step.want && !strings.HasPrefix(f.heard()[before].Data[0].Key, "app.discovery[") {
			t.Errorf("step %d: the announcement is not first: %+v", i, f.heard()[before])
		}
	}
	if last := f.heard()[len(f.heard())-2].Data[0].Value; last != `[{"{#METRIC}":"a"}]` {
		t.Errorf("the last announcement is %s", last)
	}
}

func TestAnUnknownRuleIsAskedForLater(t *testing.T) {
	f := newFake(t, func(conn net.Conn, r request) { say(conn, r.flags, verdict(0, len(r.Data))) })
	now := time.Now()
	target := newTarget(t, zabbix.Config{Nodes: []string{f.addr}, Host: "h", Now: func() time.Time { return now }})
	s := snapshot([]metrics.Sample{gauge("a", 1)})
	var sent []bool
	for range 4 {
		r := push(t, target, s)
		if r.Announced.Taken || r.Learning != 0 || !target.Learning().IsZero() {
			t.Errorf("the receipt is %+v", r)
		}
		sent = append(sent, r.Announced.Sent)
		now = now.Add(15 * time.Second)
	}
	if !sent[0] || sent[1] || !sent[2] || sent[3] {
		t.Errorf("it was announced at %v", sent)
	}
}

func TestAServerThatTakesNothingIsExplainedOnceATurn(t *testing.T) {
	z := testserver.Zabbix(t)
	known := z.NewHost(testserver.ZabbixItem{Key: "app.gauge[a]"})
	for host, want := range map[string]string{"nobody-" + known: "no host of this name takes these values", known: "knows no discovery rule"} {
		now := time.Now()
		var log bytes.Buffer
		target := newTarget(t, zabbix.Config{
			Nodes: []string{z.Addr}, Host: host, Now: func() time.Time { return now }, Log: slog.New(slog.NewTextHandler(&log, nil)),
		})
		for range 3 {
			push(t, target, snapshot([]metrics.Sample{gauge("a", 1)}))
			now = now.Add(time.Hour)
		}
		if strings.Count(log.String(), want) != 1 || strings.Count(log.String(), "level=WARN") != 1 {
			t.Errorf("%s: the log is\n%s", host, &log)
		}
	}
}

func TestDocumentsAreBoundedAndOthersStillSent(t *testing.T) {
	f := newFake(t, takes)
	target := newTarget(t, zabbix.Config{Nodes: []string{f.addr}, Host: "h", Payload: zabbix.Document, MaxDocument: 10})
	s := snapshot(nil)
	s.Documents = map[string][]byte{"small": []byte(`{"a":"\\"}`), "large": bytes.Repeat([]byte("x"), 11)}
	r, err := target.Push(t.Context(), s)
	if err == nil || !strings.Contains(err.Error(), "max_bytes") || r.Accepted != 1 {
		t.Errorf("the receipt is %+v, the error %v", r, err)
	}
	if d := f.heard()[0].Data; d[0].Key != "app.document[small]" || d[0].Value != `{"a":"\\"}` {
		t.Errorf("it has sent %+v", d)
	}
}

func TestRegistrationIsRepeatedUntilAcceptedAndWhenTheHostIsLost(t *testing.T) {
	var known atomic.Int32 // requests until the host is there
	f := newFake(t, func(conn net.Conn, r request) {
		left := known.Add(-1)
		switch {
		case r.Request == "active checks" && left > 0:
			say(conn, r.flags, `{"response":"failed","info":"host [h] not found"}`)
		case r.Request == "active checks":
			say(conn, r.flags, `{"response":"success","data":[]}`)
		case left > 0:
			say(conn, r.flags, verdict(0, len(r.Data)))
		default:
			takes(conn, r)
		}
	})
	now := time.Now()
	target := newTarget(t, zabbix.Config{
		Nodes: []string{f.addr}, Host: "h", Register: &zabbix.Registration{Metadata: "m"},
		Discovery: zabbix.Discovery{Off: true}, Now: func() time.Time { return now },
	})
	s := snapshot([]metrics.Sample{gauge("a", 1)})
	accepted := func() bool { now = now.Add(time.Minute); return push(t, target, s).Accepted == 1 }
	known.Store(3)
	if accepted() || !accepted() || !accepted() {
		t.Error("it was not accepted when the host was there")
	}
	known.Store(2)
	if accepted() || !accepted() {
		t.Error("it did not come back after the host was lost")
	}
	var requests []string
	for _, r := range f.heard() {
		requests = append(requests, strings.Fields(r.Request)[0])
	}
	if got := strings.Join(requests, " "); got != "active sender active sender sender sender active sender" {
		t.Errorf("it asked %s", got)
	}
}

func TestSettingsThatCannotWorkAreRefusedWithAHint(t *testing.T) {
	for hint, c := range map[string]zabbix.Config{
		"zabbix.example.com:10051": {},
		"host name":                {Host: "a/b"},
		"create the host by hand":  {TLS: &zabbix.TLS{CA: "a", Cert: "b", Key: "c"}, Register: &zabbix.Registration{}},
		"PSK":                      {TLS: &zabbix.TLS{}},
		"leave it out":             {Timeout: -1},
		"255 characters":           {Register: &zabbix.Registration{Metadata: strings.Repeat("x", 3000)}},
		"can be in a key":          {Prefix: "a[b"},
		"up to 1h":                 {Heartbeat: 2 * time.Hour},
	} {
		if !strings.HasPrefix(hint, "zabbix.") {
			c.Nodes = []string{"127.0.0.1:1"}
		}
		if _, err := zabbix.New(c); err == nil || !strings.Contains(err.Error(), hint) {
			t.Errorf("want %q in the error, which is %v", hint, err)
		}
	}
}

func TestDestinationsAreReadAsAgentsDo(t *testing.T) {
	all, err := zabbix.ParseDestinations("a; b:10052,[::1]:5, 10.0.0.1 ,fe80::1")
	if err != nil || len(all) != 4 || strings.Join(all[0], " ") != "a:10051 b:10052" ||
		all[1][0] != "[::1]:5" || all[2][0] != "10.0.0.1:10051" || all[3][0] != "[fe80::1]:10051" {
		t.Errorf("it is %q, %v", all, err)
	}
	for _, text := range []string{"", "a,,b", "a;", "a:0", "a:x", "http://a:1", "a:1:2"} {
		if all, err := zabbix.ParseDestinations(text); err == nil {
			t.Errorf("%q is %q", text, all)
		}
	}
}

func TestPreviewIsWhatWouldBeSent(t *testing.T) {
	target := newTarget(t, zabbix.Config{Nodes: []string{"127.0.0.1:1"}, Host: "my host", Texts: []string{"t"}})
	s := snapshot([]metrics.Sample{gauge("a,b", 1.5), {Name: "t", Kind: metrics.Text, Raw: "x \"y\""}, {Name: "u", Kind: metrics.Text}})
	s.At = time.Unix(5, 7)
	var out bytes.Buffer
	if err := target.Preview(&out, s); err != nil {
		t.Fatal(err)
	}
	want := `"my host" "app.gauge[\"a,b\"]" 5 7 "1.5"` + "\n" + `"my host" "app.text[t,]" 5 7 "x \"y\""` + "\n"
	if out.String() != want {
		t.Errorf("it is\n%swant\n%s", &out, want)
	}
	if all := target.Announcements(s); len(all) != 2 || all[0].Key != "app.discovery[gauges]" || all[0].Document != `[{"{#METRIC}":"a,b"}]` {
		t.Errorf("the announcement is %+v", all)
	}
	broken := errors.New("broken")
	if err := target.Preview(failing{broken}, s); !errors.Is(err, broken) {
		t.Errorf("the error is %v", err)
	}
}

type failing struct{ err error }

func (f failing) Write([]byte) (int, error) { return 0, f.err }
