using System;
using System.Diagnostics.CodeAnalysis;
using System.Text;

namespace Okdok
{
    // Text for C: UTF-8 with a NUL at its end and none before.
    internal static unsafe class NativeText
    {
        private static readonly UTF8Encoding Strict = new UTF8Encoding(false, true);

        internal static byte[] Encode(string text, string parameter)
        {
            if (text == null)
            {
                throw new ArgumentNullException(parameter);
            }

            byte[] bytes;
            try
            {
                bytes = new byte[Strict.GetByteCount(text) + 1];
                Strict.GetBytes(text, 0, text.Length, bytes, 0);
            }
            catch (EncoderFallbackException)
            {
                // The text of the original exception would quote the value, which may be the key.
                throw new ArgumentException(parameter + " contains a lone surrogate, which is not text", parameter);
            }

            return Array.IndexOf(bytes, (byte)0) == bytes.Length - 1
                ? bytes
                : throw new ArgumentException(parameter + " contains a NUL", parameter);
        }

        // `fixed` turns an empty array into NULL.
        internal static byte[] EncodeOptional([AllowNull] string text, string parameter) =>
            text == null || text.Length == 0 ? Array.Empty<byte>() : Encode(text, parameter);

        internal static string Decode(byte* text, int most)
        {
            int length = 0;
            while (length < most && text[length] != 0)
            {
                length++;
            }

            return Encoding.UTF8.GetString(text, length);
        }
    }
}
