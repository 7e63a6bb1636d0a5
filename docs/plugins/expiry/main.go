// expiry.monitor [-p PORT] [-d DAYS] [-t SECONDS] HOST...
//
// Fails for each host whose TLS certificate ends within so many days (default: 14), or that cannot be asked. It looks
// at dates only: whom to trust is another check. The standard library is all it needs:
//
//	go build -o /usr/local/lib/mon/mon.d/expiry.monitor .
package main

import (
	"crypto/tls"
	"errors"
	"flag"
	"fmt"
	"net"
	"os"
	"sort"
	"strings"
	"time"
)

// daysLeft asks one host for its certificate, and tells how many days it is still good for.
func daysLeft(host, port string, limit time.Duration) (float64, error) {
	dialer := &net.Dialer{Timeout: limit, Deadline: time.Now().Add(limit)}
	config := &tls.Config{ServerName: host, InsecureSkipVerify: true} // an expired one is to be seen, too
	connection, err := tls.DialWithDialer(dialer, "tcp", net.JoinHostPort(host, port), config)
	if err != nil {
		return 0, err
	}
	defer connection.Close()
	certificates := connection.ConnectionState().PeerCertificates
	if len(certificates) == 0 {
		return 0, errors.New("it shows no certificate")
	}
	return time.Until(certificates[0].NotAfter).Hours() / 24, nil
}

// measure appends a line to the file that pymon names, if it names one.
func measure(host string, days float64) {
	path := os.Getenv("PYMON_MEASUREMENTS")
	if path == "" {
		return
	}
	file, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		return
	}
	defer file.Close()
	fmt.Fprintf(file, "%s expiry %.3f d\n", host, days)
}

type outcome struct {
	host   string
	reason string // empty if the host is well
}

func check(host, port string, atLeast float64, limit time.Duration) outcome {
	days, err := daysLeft(host, port, limit)
	if err != nil {
		return outcome{host, strings.Join(strings.Fields(err.Error()), " ")}
	}
	measure(host, days)
	if days < atLeast {
		return outcome{host, fmt.Sprintf("its certificate ends in %.1f days", days)}
	}
	return outcome{host, ""}
}

func main() {
	port := flag.String("p", "443", "TCP port")
	days := flag.Float64("d", 14, "fail when the certificate ends within so many days")
	seconds := flag.Float64("t", 10, "time limit for each host, in seconds")
	flag.Parse()

	hosts := map[string]bool{}
	for _, host := range flag.Args() {
		hosts[host] = true
	}
	outcomes := make(chan outcome)
	for host := range hosts {
		go func(host string) {
			outcomes <- check(host, *port, *days, time.Duration(*seconds*float64(time.Second)))
		}(host)
	}
	var failed, detail []string
	for range hosts {
		if each := <-outcomes; each.reason != "" {
			failed = append(failed, each.host)
			detail = append(detail, each.host+": "+each.reason)
		}
	}
	if len(failed) == 0 {
		return
	}
	sort.Strings(failed)
	sort.Strings(detail)
	fmt.Println(strings.Join(failed, " ")) // the summary: the hosts that failed, in a line
	fmt.Println(strings.Join(detail, "\n"))
	os.Exit(1)
}
