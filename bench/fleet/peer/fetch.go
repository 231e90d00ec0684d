package main

import (
	"bytes"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"golang.org/x/crypto/ocsp"
)

const (
	largestResponse = 64 << 10
	timeout         = 10 * time.Second
	shortestLife    = 300 * time.Second
	skew            = 5 * time.Minute
)

// counts is what fetch prints, as one JSON object.
type counts struct {
	Updated int `json:"updated"`
	Fresh   int `json:"fresh"`
	Failed  int `json:"failed"`
}

// fetch does for each FOLDER/*.pem what `restaple fetch` does: reads certificate and issuer, checks that the one issued
// the other, keeps a staple that verifies and has half of its life before it, and otherwise asks the responder, verifies
// the answer and replaces the staple durably.
func fetch(words []string) error {
	flags := flag.NewFlagSet("fetch", flag.ExitOnError)
	concurrency := flags.Int("concurrency", 32, "certificates at a time, and connections to the responder")
	if err := flags.Parse(words); err != nil {
		return err
	}
	names, err := filepath.Glob(filepath.Join(flags.Arg(0), "*.pem"))
	if err != nil {
		return err
	}
	client := &http.Client{
		Timeout:   timeout,
		Transport: &http.Transport{MaxIdleConnsPerHost: *concurrency, MaxConnsPerHost: *concurrency},
	}
	total := fetchAll(client, names, *concurrency)
	if err := json.NewEncoder(os.Stdout).Encode(total); err != nil {
		return err
	}
	if total.Failed > 0 {
		return fmt.Errorf("%d of %d failed", total.Failed, len(names))
	}
	return nil
}

func fetchAll(client *http.Client, names []string, concurrency int) counts {
	work := make(chan string)
	var total counts
	var lock sync.Mutex
	var workers sync.WaitGroup
	for worker := 0; worker < concurrency; worker++ {
		workers.Add(1)
		go func() {
			defer workers.Done()
			for name := range work {
				written, err := fetchOne(client, name, time.Now())
				lock.Lock()
				switch {
				case err != nil:
					total.Failed++
					fmt.Fprintf(os.Stderr, "peer: %s: %v\n", name, err)
				case written:
					total.Updated++
				default:
					total.Fresh++
				}
				lock.Unlock()
			}
		}()
	}
	for _, name := range names {
		work <- name
	}
	close(work)
	workers.Wait()
	return total
}

func fetchOne(client *http.Client, name string, now time.Time) (written bool, err error) {
	leaf, issuer, err := readCertificates(name)
	if err != nil {
		return false, err
	}
	staple := name + ".ocsp"
	stored, err := os.ReadFile(staple)
	if err == nil && isFresh(stored, leaf, issuer, now) {
		return false, nil
	}
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return false, err
	}
	answer, err := ask(client, leaf, issuer)
	if err != nil {
		return false, err
	}
	if _, err := verify(answer, leaf, issuer, now); err != nil {
		return false, err
	}
	return true, replace(staple, answer)
}

// readCertificates reads the first certificate of the file and the later one that issued it.
func readCertificates(name string) (leaf, issuer *x509.Certificate, err error) {
	rest, err := os.ReadFile(name)
	if err != nil {
		return nil, nil, err
	}
	for {
		var block *pem.Block
		block, rest = pem.Decode(rest)
		if block == nil {
			return nil, nil, errors.New("no issuer in the file")
		}
		if block.Type != "CERTIFICATE" {
			continue
		}
		certificate, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, nil, err
		}
		if leaf == nil {
			leaf = certificate
			continue
		}
		if bytes.Equal(certificate.RawSubject, leaf.RawIssuer) && leaf.CheckSignatureFrom(certificate) == nil {
			return leaf, certificate, nil
		}
	}
}

func isFresh(der []byte, leaf, issuer *x509.Certificate, now time.Time) bool {
	response, err := verify(der, leaf, issuer, now)
	return err == nil && now.Before(response.ThisUpdate.Add(response.NextUpdate.Sub(response.ThisUpdate)/2))
}

// ask sends the request with a SHA-1 CertID by POST to the first responder that the certificate names.
func ask(client *http.Client, leaf, issuer *x509.Certificate) ([]byte, error) {
	if len(leaf.OCSPServer) == 0 {
		return nil, errors.New("no responder in the certificate")
	}
	request, err := ocsp.CreateRequest(leaf, issuer, nil)
	if err != nil {
		return nil, err
	}
	response, err := client.Post(leaf.OCSPServer[0], "application/ocsp-request", bytes.NewReader(request))
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, largestResponse))
	if err != nil {
		return nil, err
	}
	if response.StatusCode != http.StatusOK || !strings.HasPrefix(response.Header.Get("Content-Type"), "application/ocsp-response") {
		return nil, fmt.Errorf("HTTP status %d", response.StatusCode)
	}
	return body, nil
}

// verify checks signature, serial number, status and times.
func verify(der []byte, leaf, issuer *x509.Certificate, now time.Time) (*ocsp.Response, error) {
	response, err := ocsp.ParseResponseForCert(der, leaf, issuer)
	if err != nil {
		return nil, err
	}
	if response.Status != ocsp.Good {
		return nil, fmt.Errorf("status %d", response.Status)
	}
	if now.Add(skew).Before(response.ThisUpdate) || response.NextUpdate.Sub(now) <= shortestLife {
		return nil, errors.New("outside its validity")
	}
	return response, nil
}
