package host

import (
	"fmt"
	"net"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// notifySocket names the variable of sd_notify(3).
const notifySocket = "NOTIFY_SOCKET"

// notifyTimeout is how long a service manager may take to accept a message.
const notifyTimeout = time.Second

// Variables are the environment variables by which a service manager speaks to
// concierge alone. Children must not inherit them: a child that says READY=1
// or STOPPING=1 would say so of the whole service.
func Variables() []string { return []string{notifySocket, "WATCHDOG_PID", "WATCHDOG_USEC"} }

// Manager is the service manager that started concierge: systemd, or what
// speaks its protocol (sd_notify(3)). Without one its methods do nothing. An
// error means that the message was not delivered; there is nothing to be done
// about it but to log it.
type Manager struct{ socket string }

// ServiceManager finds the manager in an environment as of os.Environ.
func ServiceManager(environ []string) Manager {
	for _, entry := range environ {
		if socket, ok := strings.CutPrefix(entry, notifySocket+"="); ok {
			return Manager{socket: socket}
		}
	}
	return Manager{}
}

// NotifyReady says that the start or a reload is complete.
func (m Manager) NotifyReady() error { return m.send("READY=1") }

// NotifyReloading says that a reload begins; NotifyReady ends it. The time is
// what systemd needs for services of Type=notify-reload.
func (m Manager) NotifyReloading() error {
	var now unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_MONOTONIC, &now); err != nil {
		return fmt.Errorf("reading the monotonic clock: %w", err)
	}
	return m.send(fmt.Sprintf("RELOADING=1\nMONOTONIC_USEC=%d", now.Nano()/1000))
}

// NotifyStopping says that concierge begins to stop.
func (m Manager) NotifyStopping() error { return m.send("STOPPING=1") }

// send sends one datagram. A name that begins with @ is an abstract socket.
func (m Manager) send(state string) error {
	if m.socket == "" {
		return nil
	}
	conn, err := net.DialTimeout("unixgram", m.socket, notifyTimeout)
	if err != nil {
		return fmt.Errorf("notifying the service manager: %w", err)
	}
	defer conn.Close()
	if err := conn.SetWriteDeadline(time.Now().Add(notifyTimeout)); err != nil {
		return fmt.Errorf("notifying the service manager: %w", err)
	}
	if _, err := conn.Write([]byte(state)); err != nil {
		return fmt.Errorf("notifying the service manager: %w", err)
	}
	return nil
}
