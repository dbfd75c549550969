import { PosthornError } from '#kernel';

/** What a request is signed with. */
export interface S3Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** Of temporary credentials. */
  readonly sessionToken?: string;
}

/** Where in which store the blobs are. */
export interface S3Location {
  readonly bucket: string;
  /** What every key begins with: empty, or ending in a slash. */
  readonly prefix: string;
  /** The bucket's own URL, ending in a slash. */
  readonly url: URL;
  readonly region: string;
  readonly credentials: S3Credentials;
}

const BUCKET = /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/;
const PREFIX = /^[A-Za-z0-9._-]+(?:\/[A-Za-z0-9._-]+)*$/;
/** A key has at most 1,024 bytes; the names of blobs need some of them. */
const PREFIX_BYTES_MAX = 900;
const REGION = /^[a-z0-9][a-z0-9-]{0,62}$/;

/**
 * Reads the place of an S3 store. Existing buckets only; nothing here connects to anything.
 *
 *     s3://[KEY:SECRET@]BUCKET[/PREFIX][?endpoint=URL][&region=REGION][&style=path|host]
 *
 * KEY and SECRET are percent-encoded (`/` is `%2F`, `+` is `%2B`). Without `endpoint` it is Amazon's store and `region` is needed;
 * with it, `region` is what that store calls itself (us-east-1 unless it says otherwise). `style` is where the bucket's
 * name goes: into the path (with an endpoint, unless said otherwise) or before the host (Amazon's).
 * @throws {configuration} saying what is wrong, without the secret
 */
export function parseS3Location(spec: string, given: S3Credentials | undefined): S3Location {
  const parsed = parseUrl(spec);
  const bucket = decode(parsed.host, 'the bucket');
  if (!BUCKET.test(bucket))
    refuse(
      `"${bucket}" cannot be the name of a bucket (3 to 63 of a-z, 0-9, "." and "-"; a "/" in the secret is written %2F)`,
    );
  const prefix = decode(parsed.pathname, 'the prefix').replace(/^\/|\/$/g, '');
  if (prefix !== '' && (!PREFIX.test(prefix) || prefix.length > PREFIX_BYTES_MAX))
    refuse(
      `"${prefix}" cannot be a prefix (at most ${PREFIX_BYTES_MAX} of letters, digits, "." "_" "-", with single "/" between)`,
    );
  const { endpoint, region, style } = parameters(parsed.searchParams);
  return {
    bucket,
    prefix: prefix === '' ? '' : `${prefix}/`,
    url: bucketUrl(bucket, endpoint, region, style),
    region,
    credentials: credentialsOf(parsed, given),
  };
}

function parseUrl(spec: string): URL {
  const parsed = URL.canParse(spec) ? new URL(spec) : undefined;
  if (parsed?.protocol !== 's3:' || parsed.hash !== '')
    refuse(
      'it is not of the form s3://BUCKET/PREFIX?endpoint=URL&region=REGION (a "/" in the secret is written %2F)',
    );
  if (parsed.port !== '') refuse('a port belongs into endpoint=');
  return parsed;
}

type Style = 'path' | 'host';

interface Parameters {
  readonly endpoint: URL | undefined;
  readonly region: string;
  readonly style: Style;
}

function parameters(search: URLSearchParams): Parameters {
  for (const name of search.keys()) {
    if (!['endpoint', 'region', 'style'].includes(name))
      refuse(`"${name}" is not a parameter; there are endpoint, region and style`);
    if (search.getAll(name).length > 1) refuse(`${name} is given twice`);
  }
  const endpoint = parseEndpoint(search.get('endpoint'));
  const region = search.get('region') ?? (endpoint === undefined ? undefined : 'us-east-1');
  if (region === undefined) refuse('without an endpoint it needs a region=');
  if (!REGION.test(region)) refuse(`"${region}" cannot be a region`);
  const style = search.get('style') ?? (endpoint === undefined ? 'host' : 'path');
  if (style !== 'path' && style !== 'host') refuse(`style is path or host, not "${style}"`);
  return { endpoint, region, style };
}

function parseEndpoint(text: string | null): URL | undefined {
  if (text === null) return undefined;
  const endpoint = URL.canParse(text) ? new URL(text) : undefined;
  if (endpoint === undefined || !/^https?:$/.test(endpoint.protocol))
    refuse('the endpoint is an http:// or https:// URL');
  if (endpoint.username !== '' || endpoint.password !== '')
    refuse('credentials stand before the bucket, not in the endpoint');
  if (endpoint.pathname !== '/' || endpoint.search !== '' || endpoint.hash !== '')
    refuse('the endpoint has no path: scheme, host and port only');
  return endpoint;
}

function bucketUrl(bucket: string, endpoint: URL | undefined, region: string, style: Style): URL {
  const domain = region.startsWith('cn-') ? 'amazonaws.com.cn' : 'amazonaws.com';
  const url = new URL(endpoint ?? `https://s3.${region}.${domain}/`);
  if (style === 'host') url.hostname = `${bucket}.${url.hostname}`;
  else url.pathname = `/${bucket}/`;
  return url;
}

function credentialsOf(parsed: URL, given: S3Credentials | undefined): S3Credentials {
  const accessKeyId = decode(parsed.username, 'the access key');
  const secretAccessKey = decode(parsed.password, 'the secret');
  if (accessKeyId !== '' && secretAccessKey !== '') return { accessKeyId, secretAccessKey };
  if (accessKeyId !== '' || secretAccessKey !== '')
    refuse('before the @ stand both access key and secret: KEY:SECRET@BUCKET');
  if (given === undefined) refuse('it has no credentials: KEY:SECRET@BUCKET, or the environment');
  return given;
}

function decode(text: string, what: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return refuse(`${what} has a % that is not followed by two hexadecimal digits`);
  }
}

function refuse(what: string): never {
  throw new PosthornError('configuration', `the place of the blobs (s3://…): ${what}`);
}
