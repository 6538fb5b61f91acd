package bench

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"strings"
	"time"

	"concierge/metrics/fixture"
)

// hostileMemory bounds what a hostile server can make the process use.
const hostileMemory = 64e6

// hostileServers runs cycles with servers of which each is another kind of
// trouble, and then lets them answer: what waited is delivered, and the verdicts
// meanwhile were failures.
func (r *metricsRig) hostileServers() {
	r.tb.Helper()
	host := newMeasuredHost(r.tb, r.zabbix, "concierge")
	app := newApplication(r.tb, "application/json", fixture.Dropwizard(hungSets))
	relay := newPushRelay(r.tb, r.zabbix.Addr)
	c := pusher{host: host, url: app.url, servers: relay.addr, interval: r.hostileInterval(), timeout: r.hostileInterval() / 2,
		heartbeat: r.hostileInterval()}.start(r.tb, r.group, r.binary)
	values := hungSets * fixture.DropwizardNumbers
	relay.await(r.tb, time.Time{}, 1, values, longestDiscovery, fullyTaken)
	for name, m := range hostileMoods(relay.addr) {
		began := time.Now()
		relay.be(m)
		if err := pause(r.tb.Context(), time.Duration(r.few)*r.hostileInterval()); err != nil {
			r.tb.Fatal(err)
		}
		r.found.add("hostile, "+name+": pushes that met it", float64(relay.be(nil)))
		again := time.Now()
		relay.await(r.tb, again, r.few-1, values, longestDiscovery, anyPush)
		r.found.addTime("hostile, "+name+": wall until all was made up for", time.Since(again))
		r.verdicts(host, name, began, again)
	}
	r.found.add("hostile: peak", c.memory(peakMemory))
	if peak := c.memory(peakMemory); peak > hostileMemory {
		r.tb.Errorf("hostile servers made the process use %s, want at most %s", megabytes(peak), megabytes(hostileMemory))
	}
}

// hostileInterval is from one cycle to the next.
func (r *metricsRig) hostileInterval() time.Duration { return min(r.interval, 2*time.Second) }

// verdicts asks the server what it was told of the pushes between two moments.
func (r *metricsRig) verdicts(host, name string, from, to time.Time) {
	r.tb.Helper()
	rows := r.zabbix.SQL(fmt.Sprintf(`select value from history join items using (itemid) join hosts using (hostid)
		where host = '%s' and key_ = 'push.elapsed' and clock > %d and clock < %d`, host, from.Add(r.hostileInterval()).Unix(), to.Unix()))
	if len(rows) == 0 {
		r.tb.Errorf("%s: the server was told no verdict", name)
	}
	for _, row := range rows {
		if row[0] != "0" && row[0] != "-1" {
			r.tb.Errorf("%s: the verdict is %s, want 0 or -1", name, row[0])
		}
	}
}

// hostileMoods are by what is wrong with them.
func hostileMoods(own string) map[string]mood {
	const verdict = `{"response":"success","info":"processed: 1; failed: 0; total: 1; seconds spent: 0.1"}`
	return map[string]mood{
		"silent":   silent,
		"slow":     slow(answer(len(verdict), verdict)),
		"too long": saying(answer(1<<31, verdict)),
		"cut off":  saying(answer(500, verdict)),
		"bomb":     saying(bomb()),
		"endless":  saying(answer(1<<20, strings.Repeat(" ", 1<<10)), zeros{}),
		"redirect": redirecting(own),
	}
}

// answer is one that announces a length, which may be a lie.
func answer(announced int, body string) []byte {
	frame := append([]byte("ZBXD\x01"), make([]byte, 8)...)
	binary.LittleEndian.PutUint32(frame[5:], uint32(announced))
	return append(frame, body...)
}

// bomb is an answer that announces a few bytes and inflates to a gigabyte.
func bomb() []byte {
	const size, compressed = 1 << 30, 2
	var body bytes.Buffer
	z := zlib.NewWriter(&body)
	_, _ = io.CopyN(z, zeros{}, size)
	_ = z.Close()
	frame := answer(body.Len(), body.String())
	frame[4] |= compressed
	binary.LittleEndian.PutUint32(frame[9:], 100)
	return frame
}

// zeros has no end.
type zeros struct{}

func (zeros) Read(b []byte) (int, error) {
	clear(b)
	return len(b), nil
}

// silent says nothing until the client has enough.
func silent(client net.Conn) { _, _ = io.Copy(io.Discard, client) }

// saying answers at once, and goes on as long as there is more.
func saying(first []byte, more ...io.Reader) mood {
	return func(client net.Conn) {
		_, _ = client.Write(first)
		_, _ = io.Copy(client, io.MultiReader(more...))
	}
}

// slow answers one byte every fifth of a second.
func slow(text []byte) mood {
	return func(client net.Conn) {
		for i := range text {
			if _, err := client.Write(text[i : i+1]); err != nil {
				return
			}
			time.Sleep(200 * time.Millisecond)
		}
	}
}

// redirecting sends the client to where it is already, again and again.
func redirecting(own string) mood {
	to := fmt.Sprintf(`{"response":"failed","redirect":{"revision":99,"address":%q}}`, own)
	return saying(answer(len(to), to))
}
