namespace Okdok
{
    /// <summary>What a call came to. The numbers are those of the C ABI and are never renumbered; a later native library may report others.</summary>
    public enum OkdokStatus
    {
        /// <summary>The service confirmed that it deleted this signature request.</summary>
        Ok = 0,

        /// <summary>"Does not exist", but an earlier attempt of this same call may have deleted it. The id or the host may also be wrong.</summary>
        PresumedDeleted = 1,

        /// <summary>An argument or option cannot be used; nothing was sent. Reported as <see cref="System.ArgumentException"/>.</summary>
        InvalidArgument = 10,

        /// <summary>The handle is not, or no longer, a live client; nothing was sent.</summary>
        InvalidClient = 11,

        /// <summary>The signature request does not exist.</summary>
        NotFound = 20,

        /// <summary>Any other answer 400.</summary>
        BadRequest = 21,

        /// <summary>401: the service did not accept the API key.</summary>
        Unauthorized = 22,

        /// <summary>403: the API key lacks the permission.</summary>
        Forbidden = 23,

        /// <summary>429: too many requests; see <see cref="OkdokException.RetryAfter"/>.</summary>
        RateLimited = 24,

        /// <summary>5xx: the service or a gateway failed.</summary>
        ServerError = 25,

        /// <summary>Any other answer: redirects, 204, 404, 408, a 200 that does not confirm this id, or something that is not HTTP.</summary>
        UnexpectedResponse = 26,

        /// <summary>The host name could not be resolved, or not in time.</summary>
        ResolveFailed = 30,

        /// <summary>No connection: refused, unreachable, too slow, or broken during the handshake.</summary>
        ConnectFailed = 31,

        /// <summary>Certificate or handshake refused by either side; from a constructor: there are no roots to trust.</summary>
        TlsFailed = 32,

        /// <summary>The time-out passed inside an attempt.</summary>
        TimedOut = 33,

        /// <summary>The connection broke after the request may have been sent.</summary>
        ConnectionLost = 34,

        /// <summary>The proxy did not open a tunnel. Never retried.</summary>
        ProxyRefused = 35,

        /// <summary>A bug in the native library, caught at its boundary.</summary>
        Internal = 40,

        /// <summary>No thread, descriptor or memory map could be had from the system.</summary>
        NoResources = 41,
    }
}
