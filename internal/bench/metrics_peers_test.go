package bench

import (
	"bytes"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"time"
)

// peers measures, in turns, Zabbix's own sender with a file that is there
// already and the script of old, which makes one. Both are in the same control
// group as concierge was, and send to the host that has all items.
func (r *metricsRig) peers(host string, app *application) {
	r.tb.Helper()
	address, port, err := net.SplitHostPort(r.zabbix.Addr)
	if err != nil {
		r.tb.Fatal(err)
	}
	python, err := exec.LookPath("/usr/bin/python3")
	if err != nil {
		r.tb.Fatalf("%v: install python3", err)
	}
	script, err := filepath.Abs(filepath.Join("testdata", "courier.py"))
	if err != nil {
		r.tb.Fatal(err)
	}
	file := filepath.Join(r.tb.TempDir(), "values")
	for range r.turns {
		r.peer("script", python, script, app.url, address, port, host, file)
		r.nextSecond(file)
		r.peer("zabbix_sender", "zabbix_sender", "-z", address, "-p", port, "-T", "-i", file)
	}
}

// stamp is the time in a row of a sender's file.
var stamp = regexp.MustCompile(` (\d{10}) `)

// nextSecond moves all values of a file by a second. The database refuses a
// second value of the same moment, and a server that has to take a thousand such
// rows apart one by one is busy for minutes, during which it discovers nothing.
func (r *metricsRig) nextSecond(file string) {
	r.tb.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		r.tb.Fatal(err)
	}
	found := stamp.FindSubmatch(text)
	if found == nil {
		r.tb.Fatalf("the script wrote no time: %s", tail(string(text)))
	}
	clock, _ := strconv.Atoi(string(found[1]))
	next := fmt.Appendf(nil, " %d ", clock+1)
	writeFile(r.tb, file, string(bytes.ReplaceAll(text, found[0], next)))
}

// senderSent is the line in which zabbix_sender sums up.
var senderSent = regexp.MustCompile(`sent: (\d+);`)

// peer runs one program and books what it needed.
func (r *metricsRig) peer(what, name string, args ...string) {
	r.tb.Helper()
	cmd := r.group.command(r.tb.Context(), name, args...)
	before, begin := r.group.cpu(r.tb), time.Now()
	out, err := cmd.Output()
	if err != nil {
		r.tb.Fatalf("%s: %v: %s", what, err, tail(string(out)))
	}
	r.found.addTime(what+": wall", time.Since(begin))
	r.found.addTime(what+": cpu", r.group.cpu(r.tb)-before)
	sent := senderSent.FindSubmatch(out)
	if sent == nil {
		r.tb.Fatalf("%s said nothing of what it has sent: %s", what, tail(string(out)))
	}
	n, _ := strconv.Atoi(string(sent[1]))
	if n != r.values() {
		r.tb.Errorf("%s sent %d values, want %d", what, n, r.values())
	}
}
