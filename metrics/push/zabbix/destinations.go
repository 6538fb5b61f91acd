package zabbix

import (
	"fmt"
	"net"
	"strconv"
	"strings"
)

// DefaultPort is that of a server's trapper.
const DefaultPort = "10051"

// ParseDestinations reads addresses as Zabbix agents do: a comma separates
// servers that all get everything, a semicolon the nodes of one cluster or group
// of proxies, of which the first that answers gets it. An address is a host name
// or IP address, with a port or with [DefaultPort]. The result has one element
// per server, for [Config.Nodes].
func ParseDestinations(text string) ([][]string, error) {
	var all [][]string
	for server := range strings.SplitSeq(text, ",") {
		var nodes []string
		for node := range strings.SplitSeq(server, ";") {
			addr, err := parseAddress(strings.TrimSpace(node))
			if err != nil {
				return nil, fmt.Errorf("reading the addresses of Zabbix servers: %w", err)
			}
			nodes = append(nodes, addr)
		}
		all = append(all, nodes)
	}
	return all, nil
}

// parseAddress completes an address with the port.
func parseAddress(text string) (string, error) {
	if text == "" {
		return "", fmt.Errorf("an address is empty: write host:port, as in zabbix.example.com:%s", DefaultPort)
	}
	if strings.ContainsAny(text, "/@?") { // it may hold a password
		return "", fmt.Errorf("an address is a URL or has a user in it: write host:port, as in zabbix.example.com:%s", DefaultPort)
	}
	if ip := net.ParseIP(strings.Trim(text, "[]")); ip != nil {
		return net.JoinHostPort(ip.String(), DefaultPort), nil
	}
	if !strings.Contains(text, ":") {
		text = net.JoinHostPort(text, DefaultPort)
	}
	host, port, err := net.SplitHostPort(text)
	if err != nil {
		return "", fmt.Errorf("address %q is not host:port (an IPv6 address with a port stands in brackets)", text)
	}
	if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
		return "", fmt.Errorf("address %q: the port is a number from 1 to 65535", text)
	}
	if host == "" || strings.Contains(host, " ") {
		return "", fmt.Errorf("address %q: %q is no host name", text, host)
	}
	return net.JoinHostPort(host, port), nil
}

// local reports whether an address is on this machine.
func local(addr string) bool {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return false
	}
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}
