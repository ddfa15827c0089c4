import { afterEach, describe, expect, it } from 'vitest';
import { redirectTo, type CertificateName } from './broken-proxy.js';
import { complaintsOf, startDeployment, type ProxiedDeployment } from './deployment.js';

let deployment: ProxiedDeployment;
afterEach(() => deployment.close());

const clockAt = (date: string) => () => Date.parse(date) / 1000;

describe('the doctor before a deployment with TLS', () => {
  it('finds nothing wrong where nothing is, and looks at everything', async () => {
    deployment = await startDeployment();
    const findings = await deployment.examine();
    expect(complaintsOf(findings)).toEqual({});
    expect(findings.filter(({ level }) => level === 'skipped')).toEqual([]);
  });

  it.each<[string, CertificateName[], RegExp]>([
    ['signed by itself', ['self-signed'], /^fault: The certificate is signed by itself/],
    ['without the intermediate one', ['certificate'], /^fault: The chain is incomplete/],
    ['expired', ['expired', 'intermediate'], /^fault: The certificate has expired/],
    [
      'for another name',
      ['other', 'intermediate'],
      /^fault: .* is for another name\. It names DNS:other\.example\.test/,
    ],
  ])('names a certificate that is %s, and goes on behind it', async (_what, certificates, words) => {
    deployment = await startDeployment();
    deployment.proxy.serve(certificates);
    expect(complaintsOf(await deployment.examine())).toEqual({ certificate: expect.stringMatching(words) as string });
  });

  it('names a certificate of an authority that nobody else knows', async () => {
    deployment = await startDeployment();
    deployment.proxy.serve(['certificate', 'intermediate', 'root']);
    // What the system trusts, as it is for everybody else.
    const complaints = complaintsOf(await deployment.examine(deployment.mcpUrl, { ca: '' }));
    expect(complaints['certificate']).toMatch(/^fault: The certificate comes from an authority of your own/);
  });

  it('tells of a certificate that ends soon', async () => {
    deployment = await startDeployment();
    // Of the clock, which is wrong as well, another check tells.
    const complaints = complaintsOf(await deployment.examine(deployment.mcpUrl, { clock: clockAt('2123-12-27') }));
    expect(complaints['certificate']).toBe('warning: It expires in 5 days: renewal does not seem to work.');
  });

  it('names cookies that are not as the server made them', async () => {
    deployment = await startDeployment();
    deployment.proxy.break({
      answer: ({ headers }) => {
        const cookies = headers['set-cookie'];
        if (cookies)
          headers['set-cookie'] = [cookies].flat().map((each) => each.replace('; Secure', '').replace('__Host-', ''));
      },
    });
    expect(complaintsOf(await deployment.examine())['cookie']).toMatch(/lacks the prefix __Host-, Secure\.$/);
  });

  it('names http where https is spoken', async () => {
    deployment = await startDeployment();
    const findings = await deployment.examine(deployment.mcpUrl.replace('https:', 'http:'));
    expect(complaintsOf(findings)['challenge']).toMatch(
      /closed the connection without an answer|no answer that is HTTP/,
    );
  });

  it('names an issuer and a resource of another host, and nothing that follows from it', async () => {
    const inside = 'https://inside.example.test';
    deployment = await startDeployment({
      options: () => ({
        issuer: inside,
        resources: [
          {
            url: `${inside}/mcp`,
            scopes: { 'mcp:tools': 'Use', 'notes:write': 'Write' },
            defaultScopes: ['mcp:tools'],
          },
        ],
      }),
    });
    expect(complaintsOf(await deployment.examine())).toEqual({
      'published-host': expect.stringMatching(
        /^fault: https:\/\/inside\.example\.test stands in resource_metadata of the challenge, resource, authorization_servers, issuer, authorization_endpoint, .*; https:\/\/localhost:\d+ was asked\.$/,
      ) as string,
    });
  });

  it('looks at the document’s own authorization server where that is on another host', async () => {
    const other = await startDeployment();
    deployment = await startDeployment();
    deployment.proxy.break({
      answer: (answer, { path }) => {
        if (path.includes('oauth-protected-resource'))
          answer.body = answer.body.replace(`["${deployment.issuer}"]`, `["${other.issuer}"]`);
      },
    });
    const complaints = complaintsOf(await deployment.examine());
    await other.close();
    expect(complaints['published-host']).toBeUndefined();
    expect(complaints['abilities']).toMatch(/protected_resources does not list/);
    expect(complaints['authorization-page']).toMatch(/invalid_target/);
  });
});

describe('the doctor before an issuer with a path', () => {
  it('finds nothing wrong where nothing is', async () => {
    deployment = await startDeployment({ path: '/team' });
    expect(complaintsOf(await deployment.examine())).toEqual({});
    expect(complaintsOf(await deployment.examine(deployment.issuer))).toEqual({});
  });

  it('names a proxy that takes the prefix away', async () => {
    deployment = await startDeployment({ path: '/team' });
    deployment.proxy.break({ request: (request) => void (request.url = request.url.replace(/^\/team(?=\/)/, '')) });
    const findings = await deployment.examine();
    const challenge = findings.find(({ name }) => name === 'challenge');
    expect(challenge?.seen[0]).toContain('POST /team/mcp answered 404');
    expect(challenge?.remedy).toContain('takes the first part of the path away');
    expect(Object.keys(complaintsOf(findings))).toEqual(expect.arrayContaining(['registration', 'server-metadata']));
  });

  it('names a proxy that knows nothing of the documents at the root', async () => {
    deployment = await startDeployment({ path: '/team' });
    deployment.proxy.break({
      request: ({ path }) => (path.startsWith('/.well-known/') ? redirectTo(302, '/') : undefined),
    });
    const complaints = complaintsOf(await deployment.examine());
    expect(complaints['resource-metadata']).toMatch(/oauth-protected-resource\/team\/mcp answered 302/);
    expect(complaints['server-metadata']).toMatch(/oauth-authorization-server\/team answered 302/);
    // What is below the path is found all the same, so that the rest is looked at.
    expect(complaints['registration']).toBeUndefined();
  });
});

describe('the doctor before options that were turned off', () => {
  it('says what is not looked at without registration', async () => {
    deployment = await startDeployment({ options: () => ({ enableDCR: false }) });
    const findings = await deployment.examine();
    expect(complaintsOf(findings)).toEqual({
      abilities: expect.stringMatching(/^warning: registration_endpoint is missing/) as string,
    });
    expect(findings.filter(({ level }) => level === 'skipped').map(({ name }) => name)).toContain('registration');
  });

  it('is content with root aliases and metadata documents turned off', async () => {
    deployment = await startDeployment({ options: () => ({ rootAliases: false, clientIdMetadataDocuments: false }) });
    expect(complaintsOf(await deployment.examine())).toEqual({
      abilities: expect.stringMatching(/^warning: client_id_metadata_document_supported is not true/) as string,
    });
  });
});
