package doctor

import (
	"crypto/x509"
	"fmt"
	"net"
	"strings"
	"time"
)

// certificateWarning is how long before its end a certificate is reported.
const certificateWarning = 30 * 24 * time.Hour

// shown calls f for each address that showed a certificate.
func (p *Picture) shown(f func(v *Visit, who []string, leaf *x509.Certificate)) {
	visit := func(v *Visit, who []string) {
		if len(v.Web.Chain) > 0 {
			f(v, who, v.Web.Chain[0])
		}
	}
	for i := range p.Members {
		m := &p.Members[i]
		seen := m.Seen == nil
		for n := range m.Visits {
			seen = seen || m.Visits[n].Endpoint == m.Seen.Endpoint
			visit(&m.Visits[n], []string{m.Label()})
		}
		if !seen {
			visit(m.Seen, []string{m.Label()})
		}
	}
	for i := range p.Strays {
		visit(&p.Strays[i], nil)
	}
}

func showCertificate(v *Visit) string {
	at := strings.TrimPrefix(v.Endpoint, "https://")
	return "openssl s_client -connect " + at + " </dev/null | openssl x509 -noout -dates -ext subjectAltName"
}

func certificateExpiry() Check {
	return Check{
		Name: "cert-expiry", Severity: Error,
		Summary: "certificates that end within 30 days, or have ended",
		Meaning: "After that date no client that verifies the certificate connects. etcd reads its files again for each connection, so a new file needs no restart.",
		Find: func(p *Picture) []Finding {
			var all []Finding
			p.shown(func(v *Visit, who []string, leaf *x509.Certificate) {
				left := leaf.NotAfter.Sub(p.At)
				f := Finding{Members: who, Command: showCertificate(v), Severity: Warning,
					Evidence: fmt.Sprintf("%s: ends in %s, on %s", v.Endpoint, shorter(left), leaf.NotAfter.UTC().Format(time.DateOnly))}
				if left <= 0 {
					f.Severity, f.Evidence = Error, fmt.Sprintf("%s: ended on %s", v.Endpoint, leaf.NotAfter.UTC().Format(time.DateOnly))
				}
				if left < certificateWarning {
					all = append(all, f)
				}
			})
			return all
		},
	}
}

func certificateNames() Check {
	return Check{
		Name: "cert-names", Severity: Warning,
		Summary: "certificates without the name or address under which they are used",
		Meaning: "Clients that use this URL refuse the certificate. Issue it with all names in use.",
		Find: func(p *Picture) []Finding {
			var all []Finding
			p.shown(func(v *Visit, who []string, leaf *x509.Certificate) {
				if strings.HasPrefix(v.Endpoint, "unix") || leaf.VerifyHostname(host(v.Endpoint)) == nil {
					return
				}
				all = append(all, Finding{Members: who, Command: showCertificate(v),
					Evidence: fmt.Sprintf("%s: the certificate is for %s", v.Endpoint, names(namesOf(leaf)))})
			})
			return all
		},
	}
}

// namesOf returns the names and addresses that a certificate is for.
func namesOf(c *x509.Certificate) []string {
	all := append([]string(nil), c.DNSNames...)
	for _, ip := range c.IPAddresses {
		all = append(all, net.IP(ip).String())
	}
	if len(all) == 0 {
		return []string{"no name"}
	}
	return all
}

func certificateIssuers() Check {
	return Check{
		Name: "cert-issuers", Severity: Warning,
		Summary: "members whose certificates are from different authorities",
		Meaning: "A client that trusts one of the authorities reaches only a part of the members. Issue all certificates from one authority, or give clients both.",
		Find: func(p *Picture) []Finding {
			var found several
			for i := range p.Members {
				m := &p.Members[i]
				for _, v := range m.Visits {
					if len(v.Web.Chain) > 0 {
						leaf := v.Web.Chain[0]
						found.add(fmt.Sprintf("%s (key %x)", leaf.Issuer, leaf.AuthorityKeyId[:min(4, len(leaf.AuthorityKeyId))]), m.Label())
						break
					}
				}
			}
			if !found.differ() {
				return nil
			}
			return []Finding{{Evidence: found.String(), Command: "etcdctl endpoint health --cluster"}}
		},
	}
}
