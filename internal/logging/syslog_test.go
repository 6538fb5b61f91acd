package logging

import (
	"bufio"
	"context"
	"fmt"
	"log/slog"
	"net"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	syslog "github.com/leodido/go-syslog/v4"
	"github.com/leodido/go-syslog/v4/rfc3164"
	"github.com/leodido/go-syslog/v4/rfc5424"

	"concierge/internal/config"
)

func TestEveryKindOfDaemonIsSentWholeMessages(t *testing.T) {
	kinds := map[string]func(t *testing.T, next func(*bufio.Reader) (string, error)) *receiver{
		"udp": func(t *testing.T, _ func(*bufio.Reader) (string, error)) *receiver {
			return receiveDatagrams(t, "udp", "127.0.0.1:0")
		},
		"unixgram": func(t *testing.T, _ func(*bufio.Reader) (string, error)) *receiver {
			return receiveDatagrams(t, "unixgram", socketPath(t))
		},
		"tcp": func(t *testing.T, next func(*bufio.Reader) (string, error)) *receiver {
			return receiveStreams(t, "tcp", "127.0.0.1:0", next)
		},
		"unix": func(t *testing.T, next func(*bufio.Reader) (string, error)) *receiver {
			return receiveStreams(t, "unix", socketPath(t), next)
		},
	}
	for name, listen := range kinds {
		for format, next := range map[string]func(*bufio.Reader) (string, error){"rfc3164": nextLine, "rfc5424": nextCounted} {
			t.Run(name+"/"+format, func(t *testing.T) {
				r := listen(t, next)
				log, _ := start(t, toSyslog(r.address, format))
				log.Info("first\nline", "key", "one two")
				log.With("component", "x").WithGroup("g").Error("second", "n", 2)
				got := r.await(t, 2)
				texts := []string{`msg="first\nline" key="one two"`, `msg=second component=x g.n=2`}
				for i, want := range []int{16<<3 | 5, 16<<3 | 3} {
					check(t, format, got[i], uint8(want), texts[i])
				}
			})
		}
	}
}

// check parses a message with the library and compares its parts.
func check(t *testing.T, format, message string, priority uint8, text string) {
	t.Helper()
	pid := fmt.Sprint(os.Getpid())
	var base *syslog.Base
	if format == "rfc5424" {
		m, err := rfc5424.NewParser().Parse([]byte(message))
		if err != nil {
			t.Fatalf("%q: %v", message, err)
		}
		host, _ := os.Hostname()
		base = &m.(*rfc5424.SyslogMessage).Base
		if base.Hostname == nil || *base.Hostname != host {
			t.Errorf("%q names host %v, want %s", message, base.Hostname, host)
		}
	} else {
		// A daemon on the same machine is not told the machine's name.
		if head, _, _ := strings.Cut(message, "concierge["); strings.Count(head, " ") < 4 {
			message = strings.Replace(message, "concierge[", "here concierge[", 1)
		}
		m, err := rfc3164.NewParser(rfc3164.WithYear(rfc3164.CurrentYear{}), rfc3164.WithTimezone(time.Local)).Parse([]byte(message))
		if err != nil {
			t.Fatalf("%q: %v", message, err)
		}
		base = &m.(*rfc3164.SyslogMessage).Base
	}
	if *base.Priority != priority || *base.Appname != "concierge" || *base.ProcID != pid || *base.Message != text {
		t.Errorf("%q: priority %d, tag %s, process %s, text %q; want %d, %q",
			message, *base.Priority, *base.Appname, *base.ProcID, *base.Message, priority, text)
	}
	if age := time.Since(*base.Timestamp); age < -2*time.Second || age > 30*time.Second {
		t.Errorf("%q is %s old", message, age)
	}
}

func TestMessagesWaitForADaemonThatStartsLater(t *testing.T) {
	path := socketPath(t)
	log, stderr := start(t, toSyslog("unix://"+path, "rfc3164"))
	log.Info("early")
	eventually(t, func() bool { return strings.Contains(stderr.String(), "a log destination fails") }, stderr.String)
	r := receiveDatagrams(t, "unixgram", path)
	if got := r.await(t, 1); !strings.Contains(got[0], "early") {
		t.Errorf("got %q", got)
	}
	eventually(t, func() bool { return strings.Contains(stderr.String(), "works again") }, stderr.String)
}

func TestARestartedDaemonMissesNothing(t *testing.T) {
	path := socketPath(t)
	for name, listen := range map[string]func() *receiver{
		"datagrams": func() *receiver { return receiveDatagrams(t, "unixgram", path) },
		"stream":    func() *receiver { return receiveStreams(t, "unix", path, nextLine) },
	} {
		t.Run(name, func(t *testing.T) {
			first := listen()
			log, _ := start(t, toSyslog("unix://"+path, "rfc3164"))
			log.Info("one")
			first.await(t, 1)
			first.stop()
			log.Info("two")
			log.Info("three")
			second := listen()
			defer second.stop()
			got := second.await(t, 2)
			if len(got) != 2 || !strings.Contains(got[0], "two") || !strings.Contains(got[1], "three") {
				t.Errorf("after the restart: %q", got)
			}
		})
	}
}

func TestADaemonThatHangsHoldsUpNothing(t *testing.T) {
	path := socketPath(t)
	hung, err := net.ListenPacket("unixgram", path) // never read
	if err != nil {
		t.Fatal(err)
	}
	defer hung.Close()
	log, stderr := start(t, toSyslog("unix://"+path, "rfc3164"))
	const messages = 5 * queueLength
	log.Logger = slog.New(slog.NewMultiHandler(log.Beyond.Handler())) // stderr is not what is measured
	begin := time.Now()
	for n := range messages {
		log.Info("message", "n", n)
	}
	if took := time.Since(begin); took > 2*time.Second {
		t.Errorf("%d messages took %s", messages, took)
	}
	begin = time.Now()
	if err := log.Close(); err != nil {
		t.Error(err)
	}
	if took := time.Since(begin); took > flushTimeout+2*writeTimeout {
		t.Errorf("closing took %s", took)
	}
	taken := slices.DeleteFunc(drain(hung), func(m string) bool { return strings.Contains(m, "were lost") })
	if told := toldMissed(t, stderr.String()); told != messages-len(taken) {
		t.Errorf("%d of %d messages arrived, and %d are told as missed:\n%s", len(taken), messages, told, stderr)
	}
}

// toldMissed adds up what standard error says of missed messages.
func toldMissed(t *testing.T, text string) (sum int) {
	t.Helper()
	for _, m := range regexp.MustCompile(`missed=(\d+)`).FindAllStringSubmatch(text, -1) {
		n, err := strconv.Atoi(m[1])
		if err != nil {
			t.Fatal(err)
		}
		sum += n
	}
	return sum
}

// drain reads what waits in a socket.
func drain(conn net.PacketConn) []string {
	var all []string
	for b := make([]byte, 1<<16); ; {
		_ = conn.SetReadDeadline(time.Now().Add(100 * time.Millisecond))
		n, _, err := conn.ReadFrom(b)
		if err != nil {
			return all
		}
		all = append(all, string(b[:n]))
	}
}

func TestLostMessagesAreToldToTheDaemonToo(t *testing.T) {
	path := socketPath(t)
	log, _ := start(t, toSyslog("unix://"+path, "rfc3164"))
	for range 2 * queueLength {
		log.Beyond.Info("message")
	}
	r := receiveDatagrams(t, "unixgram", path)
	eventually(t, func() bool {
		return slices.ContainsFunc(r.all(), func(m string) bool { return strings.Contains(m, `msg="messages were lost" missed=`) })
	}, func() string { return fmt.Sprint(len(r.all()), " messages arrived") })
	r.await(t, queueLength+1)
}

func TestCloseSendsWhatWaits(t *testing.T) {
	r := receiveStreams(t, "tcp", "127.0.0.1:0", nextCounted)
	log, _ := start(t, toSyslog(r.address, "rfc5424"))
	for n := range queueLength {
		log.Beyond.Info("message", "n", n)
	}
	if err := log.Close(); err != nil {
		t.Fatal(err)
	}
	got := r.await(t, queueLength)
	if last := got[len(got)-1]; !strings.HasSuffix(last, fmt.Sprintf("n=%d", queueLength-1)) {
		t.Errorf("the last one is %q", last)
	}
	log.Info("late") // must not panic or block
	if err := log.Close(); err != nil {
		t.Errorf("closing again: %v", err)
	}
}

func TestCloseDoesNotWaitForADaemonThatIsAway(t *testing.T) {
	log, stderr := start(t, toSyslog("unix://"+socketPath(t), "rfc3164"))
	for range 100 {
		log.Beyond.Info("message")
	}
	begin := time.Now()
	_ = log.Close()
	if took := time.Since(begin); took > flushTimeout/2 {
		t.Errorf("closing took %s", took)
	}
	if !strings.Contains(stderr.String(), "missed=100") {
		t.Errorf("standard error does not tell what is lost:\n%s", stderr)
	}
}

func TestLevelsBecomeTheSeveritiesOfConsulTemplate(t *testing.T) {
	r := receiveDatagrams(t, "unixgram", socketPath(t))
	cfg := toSyslog(r.address, "rfc3164")
	cfg.Syslog.Facility = "daemon"
	log, _ := start(t, cfg)
	for _, level := range []slog.Level{slog.LevelDebug, slog.LevelInfo, slog.LevelWarn, slog.LevelError} {
		log.Log(context.Background(), level, "x")
	}
	for i, m := range r.await(t, 4) {
		if want := fmt.Sprintf("<%d>", 3<<3|[]int{6, 5, 4, 3}[i]); !strings.HasPrefix(m, want) {
			t.Errorf("message %d is %q, want %s", i, m, want)
		}
	}
}

func TestLongMessagesAreCutBetweenCharacters(t *testing.T) {
	r := receiveDatagrams(t, "udp", "127.0.0.1:0")
	log, _ := start(t, toSyslog(r.address, "rfc5424"))
	log.Info("x" + strings.Repeat("é", 100_000))
	m := r.await(t, 1)[0]
	if len(m) > 8192 || !strings.HasSuffix(m, "é… (cut)") {
		t.Errorf("%d bytes, ending in %q", len(m), m[len(m)-20:])
	}
}

func TestSyslogSettingsAreCheckedWithAHint(t *testing.T) {
	good := config.Syslog{Facility: "LOCAL7", Tag: "app", Format: "rfc3164"}
	for hint, change := range map[string]func(*config.Syslog){
		"log.syslog.facility: there is no facility \"LOCAL8\" (try": func(c *config.Syslog) { c.Facility = "LOCAL8" },
		"log.syslog.tag: \"a b\" cannot be a tag (use":              func(c *config.Syslog) { c.Tag = "a b" },
		"log.syslog.tag: \"\" cannot":                               func(c *config.Syslog) { c.Tag = "" },
		"\"udp://host\" is not an address (write":                   func(c *config.Syslog) { c.Address = "udp://host" },
		"\"host:514\" is not an address":                            func(c *config.Syslog) { c.Address = "host:514" },
		"\"unix://\" is not an address":                             func(c *config.Syslog) { c.Address = "unix://" },
		"\"unix://log/x\" is not an address":                        func(c *config.Syslog) { c.Address = "unix://log/x" },
		"\"tcp://h:1/x\" is not an address":                         func(c *config.Syslog) { c.Address = "tcp://h:1/x" },
	} {
		cfg := good
		change(&cfg)
		_, err := New(new(output), config.Log{Syslog: &cfg})
		if err == nil || !strings.Contains(err.Error(), hint) {
			t.Errorf("%+v: %v, want %q", cfg, err, hint)
		}
	}
	if err := Check(config.Log{Syslog: &good}); err != nil {
		t.Error(err)
	}
}

func FuzzMessagesAreOneLineAndParsed(f *testing.F) {
	f.Add("text", "value")
	f.Add("a\nb\x00\xff", strings.Repeat("é", 5000))
	f.Fuzz(func(t *testing.T, text, value string) {
		s := &sender{queue: make(chan []byte, 1)}
		for _, format := range []string{"rfc3164", "rfc5424"} {
			head := newHeader(config.Syslog{Facility: "USER", Tag: "x", Format: format}, false)
			h := newHandler(head, slog.LevelInfo, s)
			slog.New(h).Info(text, "key", value)
			m := <-s.queue
			if strings.ContainsAny(string(m), "\n\x00") || len(m) > 8192 {
				t.Fatalf("%q", m)
			}
			if format == "rfc5424" {
				if _, err := rfc5424.NewParser().Parse(m); err != nil {
					t.Fatalf("%q: %v", m, err)
				}
			}
		}
	})
}
