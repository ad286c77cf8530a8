namespace Okdok
{
    /// <summary>The result of a call or an attempt: the numbers of <c>OKDOK_STATUS_…</c> in <c>okdok.h</c>, which never change. A newer native library may report others.</summary>
    public enum OkdokStatus
    {
        /// <summary>The service confirmed that it deleted this signature request.</summary>
        Ok = 0,

        /// <summary>The service said that the signature request does not exist, but an earlier attempt of this same call may have deleted it. The id or the host may also be wrong.</summary>
        PresumedDeleted = 1,

        /// <summary>An argument or option cannot be used; nothing was sent. Reported as <see cref="System.ArgumentException"/>.</summary>
        InvalidArgument = 10,

        /// <summary>The handle is not, or no longer, a live client of the native library; nothing was sent.</summary>
        InvalidClient = 11,

        /// <summary>The signature request does not exist, and no attempt of this call can have deleted it.</summary>
        NotFound = 20,

        /// <summary>Any other 400.</summary>
        BadRequest = 21,

        /// <summary>401: the service did not accept the API key.</summary>
        Unauthorized = 22,

        /// <summary>403: the API key lacks the permission.</summary>
        Forbidden = 23,

        /// <summary>429: too many requests; see <see cref="OkdokException.RetryAfter"/>.</summary>
        RateLimited = 24,

        /// <summary>5xx: the service or a gateway failed.</summary>
        ServerError = 25,

        /// <summary>Any other response: a redirect, 204, 404, 408, a 200 that does not confirm this id, or something that is not HTTP.</summary>
        UnexpectedResponse = 26,

        /// <summary>The host name could not be resolved, or not in time.</summary>
        ResolveFailed = 30,

        /// <summary>No connection: refused, unreachable, too slow, or broken during the handshake.</summary>
        ConnectFailed = 31,

        /// <summary>One side refused the certificate or the handshake; or, from a constructor, there are no roots to trust.</summary>
        TlsFailed = 32,

        /// <summary>The deadline passed.</summary>
        TimedOut = 33,

        /// <summary>The connection broke after the request may have been sent.</summary>
        ConnectionLost = 34,

        /// <summary>The proxy did not open a tunnel: it refused, asked for a login or hung up. Never retried.</summary>
        ProxyRefused = 35,

        /// <summary>A bug in the native library, caught at its boundary.</summary>
        Internal = 40,

        /// <summary>The system has no thread, descriptor or memory map left.</summary>
        NoResources = 41,
    }
}
