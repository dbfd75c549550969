/** Rows that the access control list of one folder may have. */
export const GRANTS_MAX = 1000;
