package zabbix_test

import (
	"bytes"
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"net"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"concierge/internal/testserver"
	"concierge/metrics"
	"concierge/metrics/push/zabbix"
)

const many = 34_000

func TestAllValuesArriveInOneFrameWithOneMoment(t *testing.T) {
	z := testserver.Zabbix(t)
	s := snapshot(timers(many / 17))
	host := z.NewHost(itemsOf(s, testserver.ZabbixFloat)...)
	through := newRelay(t, z.Addr)
	target := newTarget(t, zabbix.Config{Nodes: []string{through.addr}, Host: host, Discovery: zabbix.Discovery{Off: true}})

	r := push(t, target, s)
	if r.Sent != many || r.Accepted != many || r.Rejected != 0 || r.Server <= 0 {
		t.Errorf("the receipt is %+v", r)
	}
	if n := through.connections.Load(); n != 1 {
		t.Errorf("it took %d connections", n)
	}
	if r.WireBytes > 600_000 || r.PlainBytes < 4_000_000 {
		t.Errorf("%d bytes became %d on the wire", r.PlainBytes, r.WireBytes)
	}
	rows := awaitRows(t, z, fmt.Sprintf(`select count(*), count(distinct (clock, ns)), min(clock), min(ns)
		from history join items using (itemid) join hosts using (hostid) where host = '%s'`, host),
		func(rows [][]string) bool { return rows[0][0] == strconv.Itoa(many) })
	want := []string{strconv.Itoa(many), "1", strconv.FormatInt(s.At.Unix(), 10), strconv.Itoa(s.At.Nanosecond())}
	if !slices.Equal(rows[0], want) {
		t.Errorf("the history has rows, moments, clock, ns %q, want %q", rows[0], want)
	}
	if rows := z.SQL(fmt.Sprintf(`select count(*) from item_rtdata join items using (itemid) join hosts using (hostid)
		where host = '%s' and state <> 0`, host)); rows[0][0] != "0" {
		t.Errorf("%s items turned not supported", rows[0][0])
	}
}

func TestValuesThatBreakItemsAreNotSent(t *testing.T) {
	z := testserver.Zabbix(t)
	s := snapshot([]metrics.Sample{
		gauge("good", 1.5e-7), gauge("nan", math.NaN()), gauge("inf", math.Inf(-1)),
		{Name: "text", Group: "gauges", Kind: metrics.Text, Raw: "up"},
		{Name: "wanted", Group: "gauges", Kind: metrics.Text, Raw: "a \"b\"\n\\c"},
		gauge("large", 1e308), {Name: "hex", Group: "gauges", Value: 31, Raw: "0x1F"},
	})
	items := []testserver.ZabbixItem{{Key: "app.text[wanted,]", Type: testserver.ZabbixText}}
	for _, name := range []string{"good", "nan", "inf", "text", "large", "hex"} {
		items = append(items, testserver.ZabbixItem{Key: "app.gauge[" + name + "]"})
	}
	host := z.NewHost(items...)
	target := newTarget(t, zabbix.Config{Nodes: []string{z.Addr}, Host: host, Texts: []string{"want*"}, Discovery: zabbix.Discovery{Off: true}})
	r := push(t, target, s)
	if r.Accepted != 4 || r.Filtered != 2 || r.NotNumeric != 1 {
		t.Errorf("the receipt is %+v", r)
	}
	rows := awaitRows(t, z, fmt.Sprintf(`select key_, value::text from history join items using (itemid) join hosts using (hostid) where host = '%[1]s'
		union all select key_, encode(convert_to(value, 'utf8'), 'hex') from history_text join items using (itemid) join hosts using (hostid) where host = '%[1]s' order by 1`, host),
		func(rows [][]string) bool { return len(rows) == 4 })
	want := fmt.Sprint([][]string{{"app.gauge[good]", "1.5e-07"}, {"app.gauge[hex]", "31"}, {"app.gauge[large]", "1e+308"},
		{"app.text[wanted,]", fmt.Sprintf("%x", "a \"b\"\n\\c")}})
	if fmt.Sprint(rows) != want {
		t.Errorf("the history has %v, want %v", rows, want)
	}
}

func TestValuesWithoutItemAreCountedAndNoError(t *testing.T) {
	z := testserver.Zabbix(t)
	host := z.NewHost(testserver.ZabbixItem{Key: "app.gauge[known]"})
	target := newTarget(t, zabbix.Config{Nodes: []string{z.Addr}, Host: host, Discovery: zabbix.Discovery{Off: true}})
	r := push(t, target, snapshot([]metrics.Sample{gauge("known", 1), gauge("unknown", 2), gauge("known too late", 3)}))
	if r.Sent != 3 || r.Accepted != 1 || r.Rejected != 2 || r.Learning != 0 {
		t.Errorf("the receipt is %+v", r)
	}
}

func TestAKeyThatComesTwiceIsDeliveredOnceAndSaidOnce(t *testing.T) {
	z := testserver.Zabbix(t)
	host := z.NewHost(testserver.ZabbixItem{Key: "app.gauge[a]"}, testserver.ZabbixItem{Key: "app.series[b.c,]"})
	var log bytes.Buffer
	target := newTarget(t, zabbix.Config{
		Nodes: []string{z.Addr}, Host: host, MaxValues: 2, Discovery: zabbix.Discovery{Off: true}, Log: slog.New(slog.NewTextHandler(&log, nil)),
	})
	s := snapshot([]metrics.Sample{gauge("a", 1), {Name: "b.c", Value: 2}, gauge("a", 3), {Name: "b", Field: "c", Value: 4}})
	for range 2 {
		if r := push(t, target, s); r.Sent != 2 || r.Accepted != 2 || r.Filtered != 2 {
			t.Errorf("the receipt is %+v", r)
		}
		s.At = s.At.Add(time.Second)
	}
	if n := strings.Count(log.String(), "several values have the same key"); n != 1 {
		t.Errorf("it was said %d times:\n%s", n, &log)
	}
	rows := awaitRows(t, z, fmt.Sprintf(`select key_, value::text from history join items using (itemid) join hosts using (hostid)
		where host = '%s' order by 1, clock`, host), func(rows [][]string) bool { return len(rows) == 4 })
	if want := "[[app.gauge[a] 1] [app.gauge[a] 1] [app.series[b.c,] 2] [app.series[b.c,] 2]]"; fmt.Sprint(rows) != want {
		t.Errorf("the history has %v, want %s", rows, want)
	}
}

func TestNULBytesAreFilteredAndHarmNoOtherValue(t *testing.T) {
	z := testserver.Zabbix(t)
	host := z.NewHost(testserver.ZabbixItem{Key: "app.gauge[a]"}, testserver.ZabbixItem{Key: "app.text[t,]", Type: testserver.ZabbixText},
		testserver.ZabbixItem{Key: "app.document[d]", Type: testserver.ZabbixText})
	samples := []metrics.Sample{gauge("nul\x00", 1), {Name: "t", Kind: metrics.Text, Raw: "x\x00y"}, gauge("a", 2),
		{Name: "s", Labels: []metrics.Label{{Name: "l", Value: "\x00"}}}}
	c := zabbix.Config{Nodes: []string{z.Addr}, Host: host, Texts: []string{"*"}}
	if r := push(t, newTarget(t, c), snapshot(samples)); r.Accepted != 1 || r.Filtered != 3 || r.Announced.Entities != 2 {
		t.Errorf("the receipt is %+v", r)
	}
	c.Payload = zabbix.Document
	s := snapshot(nil)
	s.Documents = map[string][]byte{"d": []byte("a\x00b")}
	if r := push(t, newTarget(t, c), s); r.Accepted != 1 {
		t.Errorf("the receipt of the document is %+v", r)
	}
	rows := awaitRows(t, z, fmt.Sprintf(`select encode(convert_to(value, 'utf8'), 'hex') from history_text join items using (itemid) join hosts using (hostid)
		where host = '%s'`, host), func(rows [][]string) bool { return len(rows) == 1 })
	if want := fmt.Sprintf("%x", "a\uFFFDb"); rows[0][0] != want {
		t.Errorf("the history has %v, want %s", rows, want)
	}
}

func TestChunksAreSentWhenASettingWantsThem(t *testing.T) {
	z := testserver.Zabbix(t)
	s := snapshot(timers(10))
	host := z.NewHost(itemsOf(s, testserver.ZabbixFloat)...)
	through := newRelay(t, z.Addr)
	target := newTarget(t, zabbix.Config{Nodes: []string{through.addr}, Host: host, MaxValues: 50, Discovery: zabbix.Discovery{Off: true}})
	if r := push(t, target, s); r.Accepted != 170 || through.connections.Load() != 4 {
		t.Errorf("the receipt is %+v after %d connections", r, through.connections.Load())
	}
}

func TestADeliveryReachesTheSecondNodeWhenTheFirstHangs(t *testing.T) {
	z := testserver.Zabbix(t)
	hung := newFake(t, func(conn net.Conn, _ request) { _, _ = conn.Read(make([]byte, 1)) })
	host := z.NewHost(testserver.ZabbixItem{Key: "app.gauge[a]"}, testserver.ZabbixItem{Key: "container.state", Type: testserver.ZabbixUnsigned})
	c := zabbix.Config{Nodes: []string{hung.addr, z.Addr}, Host: host, Timeout: 3 * time.Second, BeatTimeout: 2 * time.Second, Discovery: zabbix.Discovery{Off: true}}
	if r := push(t, newTarget(t, c), snapshot([]metrics.Sample{gauge("a", 1)})); r.Accepted != 1 || sum(r.Failovers) != 1 {
		t.Errorf("the receipt of the values is %+v", r)
	}
	r, err := newTarget(t, c).Beat(t.Context(), snapshot([]metrics.Sample{{Name: "container.state"}}))
	if err != nil || r.Accepted != 1 {
		t.Errorf("the receipt of the last words is %+v, %v", r, err)
	}
}

func TestHeartbeatHasPlainKeys(t *testing.T) {
	z := testserver.Zabbix(t)
	host := z.NewHost(testserver.ZabbixItem{Key: "container.state", Type: testserver.ZabbixUnsigned},
		testserver.ZabbixItem{Key: `source.staleness["a,b"]`})
	target := newTarget(t, zabbix.Config{Nodes: []string{z.Addr}, Host: host})
	r, err := target.Beat(t.Context(), snapshot([]metrics.Sample{
		{Name: "container.state", Value: 1},
		{Name: "source.staleness", Labels: []metrics.Label{{Name: "source", Value: "a,b"}}, Value: 0.25},
	}))
	if err != nil || r.Accepted != 2 {
		t.Errorf("the receipt is %+v, %v", r, err)
	}
}

func TestCertificatesOfBothSidesAreChecked(t *testing.T) {
	z := testserver.Zabbix(t)
	host := z.NewHostWithTLS(testserver.ZabbixItem{Key: "app.gauge[a]"})
	config := func(change func(*zabbix.TLS)) zabbix.Config {
		secure := zabbix.TLS{CA: z.CA, Cert: z.Cert, Key: z.Key}
		change(&secure)
		return zabbix.Config{Nodes: []string{z.Addr}, Host: host, TLS: &secure, Discovery: zabbix.Discovery{Off: true}}
	}
	s := snapshot([]metrics.Sample{gauge("a", 1)})
	target := newTarget(t, config(func(s *zabbix.TLS) {
		s.Subject, s.Issuer = z.ServerSubject, strings.Replace(z.ServerSubject, "Zabbix server", "Test authority", 1)
	}))
	if r := push(t, target, s); r.Accepted != 1 {
		t.Errorf("with a certificate the receipt is %+v", r)
	}
	plain := newTarget(t, zabbix.Config{Nodes: []string{z.Addr}, Host: host, Discovery: zabbix.Discovery{Off: true}})
	if r := push(t, plain, s); r.Rejected != 1 {
		t.Errorf("without encryption the receipt is %+v", r)
	}
	for name, change := range map[string]func(*zabbix.TLS){
		"another authority": func(s *zabbix.TLS) { s.CA = otherAuthority(t) },
		"another subject":   func(s *zabbix.TLS) { s.Subject = "CN=somebody" },
		"another issuer":    func(s *zabbix.TLS) { s.Issuer = "CN=somebody" },
	} {
		_, err := newTarget(t, config(change)).Push(t.Context(), s)
		if err == nil || errors.Is(err, metrics.ErrTimeout) {
			t.Errorf("%s: the error is %v", name, err)
		}
		if unknown := new(x509.UnknownAuthorityError); name == "another authority" && !errors.As(err, unknown) {
			t.Errorf("%s: the error is %v", name, err)
		}
	}
}

func TestTheNodeThatWorksIsFoundAndRemembered(t *testing.T) {
	z := testserver.Zabbix(t)
	host := z.NewHost(testserver.ZabbixItem{Key: "app.gauge[a]"})
	target := newTarget(t, zabbix.Config{Nodes: []string{closedAddr(t), closedAddr(t), z.Addr}, Host: host, Discovery: zabbix.Discovery{Off: true}})
	s := snapshot([]metrics.Sample{gauge("a", 1)})
	if r := push(t, target, s); r.Accepted != 1 || sum(r.Failovers) != 2 {
		t.Errorf("at first the receipt is %+v", r)
	}
	s.At = s.At.Add(time.Second)
	if r := push(t, target, s); r.Accepted != 1 || sum(r.Failovers) != 0 {
		t.Errorf("then the receipt is %+v", r)
	}
}

func TestNoServerIsAFailureAndNoTimeout(t *testing.T) {
	target := newTarget(t, zabbix.Config{Nodes: []string{closedAddr(t)}, Host: "h"})
	r, err := target.Push(t.Context(), snapshot([]metrics.Sample{gauge("a", 1)}))
	if metrics.Elapsed(time.Second, err) != 0 || r.Sent != 0 || r.WireBytes != 0 {
		t.Errorf("the receipt is %+v, the error %v", r, err)
	}
}

// closedAddr is where nobody listens.
func closedAddr(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	return l.Addr().String()
}

func otherAuthority(t *testing.T) string {
	t.Helper()
	path := t.TempDir() + "/ca.pem"
	if err := os.WriteFile(path, []byte(foreignCA), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func newTarget(t testing.TB, c zabbix.Config) *zabbix.Target {
	t.Helper()
	target, err := zabbix.New(c)
	if err != nil {
		t.Fatal(err)
	}
	return target
}

func push(t testing.TB, target *zabbix.Target, s *metrics.Snapshot) metrics.Receipt {
	t.Helper()
	r, err := target.Push(context.Background(), s)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// awaitRows repeats a query until its answer is as it should be, or for so long
// that it will not be.
func awaitRows(t *testing.T, z *testserver.ZabbixServer, query string, done func([][]string) bool) [][]string {
	t.Helper()
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for end := time.Now().Add(90 * time.Second); ; <-tick.C {
		if rows := z.SQL(query); done(rows) || time.Now().After(end) {
			return rows
		}
	}
}
